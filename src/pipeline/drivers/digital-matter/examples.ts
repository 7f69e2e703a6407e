import type { DriverExample } from '../../driver.ts';

/** Made by hand from the layout; no example of it is published. */
export const compactExamples: readonly DriverExample[] = [
  {
    description: 'Compact position, 45° at 15 km/h',
    fPort: 4,
    // -1,000,000 and 2,000,000 in steps of 256e-7°; heading 1, speed 3; 160 × 25 mV
    bytes: 'c0bdf080841e19a0',
    output: {
      data: {
        type: 'position',
        batV: 4,
        latitudeDeg: -1_000_000 * 256e-7,
        longitudeDeg: 2_000_000 * 256e-7,
        headingDeg: 45,
        speedKmph: 15,
      },
    },
  },
  {
    description: 'Compact position with flags, in a trip',
    fPort: 4,
    bytes: '000000000000008001',
    output: {
      data: {
        type: 'position',
        inTrip: true,
        fixFailed: false,
        manDown: false,
        batV: 3.2,
        latitudeDeg: 0,
        longitudeDeg: 0,
        headingDeg: 0,
        speedKmph: 0,
      },
    },
  },
];
