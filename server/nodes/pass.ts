/** Of what a node has of one kind, at most this share is removed in one pass; one always may be. */
const shareOfPass = 0.05

/** How many may be removed in a pass. What is left is removed in the next ones, while an operator can still look. */
export const budgetOfPass = (total: number): number => Math.max(1, Math.floor(total * shareOfPass))
