import type { BrokerLevels } from '../../broker/broker.ts';
import type { BrokerCounters } from '../../broker/counters.ts';
import type { StoreNumbers } from '../../devices/store.ts';
import type { PipelineNumbers } from '../../pipeline/pipeline.ts';
import type { EventLoopLoad } from '../../std/event-loop-watch.ts';
import type { HistogramReading } from '../../std/histogram.ts';

/** What the broker counts, and its levels now. */
export type BrokerNumbers = Readonly<Pick<BrokerCounters, keyof BrokerCounters>> & BrokerLevels;

/** What a listener counts. */
export interface ListenerNumbers {
  readonly connections: number;
  readonly connectionsTotal: number;
  /** Connections that it ended itself, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

/** The room that the data folder has. */
export interface DiskNumbers {
  /** On the disk and inside the files, when it was measured last; NaN where nothing is kept free and nothing measured. */
  readonly freeBytes: number;
  readonly isFull: boolean;
}

/** Numbers that the platform hands over when the metrics are asked for: plain counts that its parts keep anyway. */
export interface PlatformMetrics {
  readonly pipeline: PipelineNumbers;
  readonly store: StoreNumbers;
  readonly broker: BrokerNumbers;
  /** How long commits take, in microseconds. */
  readonly commitUs: HistogramReading;
  readonly disk: DiskNumbers;
  readonly eventLoop: EventLoopLoad;
  /** Of every listener for MQTT, by name. */
  readonly listeners: Readonly<Record<string, ListenerNumbers>>;
}
