import type { HistogramReading } from '../std/histogram.ts';
import type { JsonSchema } from './route.ts';

const number: JsonSchema = { type: 'number' };

export const distributionSchema: JsonSchema = {
  type: 'object',
  properties: { count: number, mean: number, p50: number, p90: number, p99: number, max: number },
};

/** A distribution as what is asked of it; its buckets are for the metrics. */
export function distributionToJson({ count, sum, max, p50, p90, p99 }: HistogramReading): object {
  return { count, mean: count === 0 ? 0 : sum / count, p50, p90, p99, max };
}
