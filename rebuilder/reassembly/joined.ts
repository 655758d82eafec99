/** What is known of the receiver of a stream that was joined in its middle. */
export const Joined = {
  /** It was not: its SYN was seen. Or what became of its segments has shown what its receiver takes. */
  not: 0,
  /** Nothing: what was read may be other bytes than it has. */
  unproven: 1,
  /** It has what was read; which segments it takes is not known. */
  unknown: 2,
} as const;
