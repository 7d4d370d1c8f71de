/**
 * IPv4 networks that are not the public internet, after IANA's registry of special addresses, and 168.63.129.16: a public
 * address at which every machine in Azure reaches its host. Neither sandboxes nor callbacks may go there. The TEST-NETs
 * are left alone: resolvers and mirrors of closed networks sit there.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
export const privateRanges = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const
