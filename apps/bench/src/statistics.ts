/** The middle of a few figures, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The median, and the extremes: a figure without them says nothing on a machine that others use. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('there is no median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] as number;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] as number;
  return { median: (lower + upper) / 2, min: sorted[0] as number, max: sorted.at(-1) as number };
}

/** One measured figure of one side in one round. */
export interface RoundFigure {
  readonly side: string;
  readonly round: number;
  readonly ns: number;
}

/**
 * How many times as fast `side` was as `peer`, round by round: figures of the same round are compared, so that a
 * machine whose speed drifts slows both. The warm-up (round 0) is left out. A peer that is slow by nature runs in the
 * first round alone: the later ones are compared with that run.
 */
export function pairedRatios(figures: readonly RoundFigure[], side: string, peer: string): number[] {
  const measured = figures.filter(({ round }) => round > 0);
  const peers = new Map(measured.filter((figure) => figure.side === peer).map(({ round, ns }) => [round, ns]));
  const onlyNs = peers.size === 1 ? peers.get(1) : undefined;
  return measured.flatMap((figure) => {
    const peerNs = peers.get(figure.round) ?? onlyNs;
    return figure.side === side && peerNs !== undefined ? [peerNs / figure.ns] : [];
  });
}
