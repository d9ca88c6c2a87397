/** How servers for tests model their distance: latencies, and lines that carry so many bytes per second. */
export { type Bandwidth, parseBandwidth } from './bandwidth.ts';
export { Distance, type DistanceSettings } from './distance.ts';
export { drawLatencyMs, requireLatency } from './latency.ts';
export { createLine, type Line, Link, Route } from './link.ts';
