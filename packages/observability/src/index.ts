/** What conveyor's handles do, for people and monitors. Read `handle-registry.ts` first. */
export { adminVersion } from './admin-answers.ts';
export { defaultAdminDirectory, findAdminSockets } from './admin-directory.ts';
export { type AdminServer, type AdminServerOptions, serveAdmin } from './admin-server.ts';
export {
  type EventFields,
  type EventLevel,
  EventLog,
  type EventName,
  eventLevels,
  eventLog,
  eventNames,
  type LogEvent,
} from './event-log.ts';
export { type Collection, HandleRegistry, handleRegistry, type RegisteredHandle } from './handle-registry.ts';
export type { HandleSource } from './handle-source.ts';
export { bucketCount, Histogram, histogramLength } from './histogram.ts';
export { type MetricsServer, type MetricsServerOptions, serveMetrics } from './metrics-server.ts';
export { type OpenTelemetryInstrument, type OpenTelemetryMeter, observeWithOpenTelemetry } from './open-telemetry.ts';
export { prometheusContentType, prometheusText } from './prometheus-text.ts';
export {
  HandleReading,
  histogramsLength,
  type LatencyName,
  latencyNames,
  type ReadingField,
  readingFields,
  SumReading,
} from './reading.ts';
export { StatisticsWindow, type WindowReading } from './statistics-window.ts';
