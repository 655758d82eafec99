/** What is made of the two streams of a connection, C. */
export interface ConnectionHandler<C> {
  /**
   * A connection came into sight: sets the sinks of its two halves. Called once, before any byte.
   * @param beside who reads the one that it may take the place of; null = it is none of a SYN's that nobody confirmed
   */
  open(connection: C, beside: ConnectionOwner | null): ConnectionOwner;
}

/** Who reads a connection's streams. */
export interface ConnectionOwner {
  /** What comes next cannot be read by who has not read what came before. */
  readonly needsPast: boolean;
  /** Both streams have ended and the connection is forgotten. */
  closed(): void;
}
