/** Numbers that the platform hands over when the metrics are asked for: plain counts that its parts keep anyway. */
export interface PlatformMetrics {
  /** Device messages by outcome, since the start. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Counts of the broker by name; a record inside is one count by reason. Names in camel case. */
  readonly broker: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
}
