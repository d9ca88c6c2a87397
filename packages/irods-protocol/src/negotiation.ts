/** What a side thinks of TLS, as environments and servers write it. */
export type NegotiationPolicy = 'CS_NEG_REQUIRE' | 'CS_NEG_DONT_CARE' | 'CS_NEG_REFUSE';
/** What both sides agree on. */
export type NegotiationResult = 'CS_NEG_USE_SSL' | 'CS_NEG_USE_TCP' | 'CS_NEG_FAILURE';

/** Every policy. */
export const negotiationPolicies: readonly NegotiationPolicy[] = [
  'CS_NEG_REQUIRE',
  'CS_NEG_DONT_CARE',
  'CS_NEG_REFUSE',
];

/** What a client appends to its `option` to ask for a negotiation. */
export const negotiationRequest = 'request_server_negotiation';

/**
 * What follows from both policies. The client decides; it travels as clear text, so a client that requires TLS must
 * never go on without it, whatever it is told.
 */
export function negotiate(client: NegotiationPolicy, server: NegotiationPolicy): NegotiationResult {
  const refused = client === 'CS_NEG_REFUSE' || server === 'CS_NEG_REFUSE';
  const required = client === 'CS_NEG_REQUIRE' || server === 'CS_NEG_REQUIRE';
  if (refused && required) return 'CS_NEG_FAILURE';
  return refused ? 'CS_NEG_USE_TCP' : 'CS_NEG_USE_SSL';
}

/** The client's answer: `result` of its message. Its `status` is 0 for a failure, else 1. */
export function negotiationAnswer(result: NegotiationResult): string {
  return `cs_neg_result_kw=${result};`;
}

/** The result in a client's answer, or undefined. */
export function parseNegotiationAnswer(answer: string): NegotiationResult | undefined {
  const found = /(?:^|;)cs_neg_result_kw=(CS_NEG_USE_SSL|CS_NEG_USE_TCP|CS_NEG_FAILURE)(?:;|$)/.exec(answer)?.[1];
  return found as NegotiationResult | undefined;
}
