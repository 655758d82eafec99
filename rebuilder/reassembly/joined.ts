/** What is known of the receiver of a stream that was joined in its middle. */
export const Joined = {
  /** It was not: its SYN was seen. Or what became of its segments has shown what its receiver takes. */
  not: 0,
  /** Nothing; each byte came once so far. What was read may be other bytes than it has. */
  once: 1,
  /** Nothing, and some came twice, or may have been refused: an acknowledgment does not tell which it means. */
  unproven: 2,
  /** It has what was read; which segments it takes is not known. */
  unknown: 3,
} as const;

/** May its receiver have other bytes than were read? */
export function isUnproven(joined: number): boolean {
  return joined === Joined.once || joined === Joined.unproven;
}
