/**
 * The name in the certificate of a server, by which a node knows it among all that the installation's authority has
 * certified.
 */
export const serverCertificateName = 'cloche-server'
