/** What a rule may look at in one trace: spans, or pairs of them, where no index answers. */
export const MAX_STEPS = 10_000_000

/** A rule took more steps than that on one trace: its verdict is `inconclusive`. */
export class GivenUp extends Error {}
