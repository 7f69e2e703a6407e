import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCbor } from './cbor.ts';
import { forSeeds } from './testing/seed.ts';

/** Of RFC 8949, appendix A. */
const examples: [hex: string, value: unknown][] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['20', -1],
  ['3903e7', -1000],
  ['f90000', 0],
  ['f93c00', 1],
  ['f93e00', 1.5],
  ['f97bff', 65504],
  ['f90001', 2 ** -24],
  ['f90400', 0.00006103515625],
  ['f9c400', -4],
  ['fa47c35000', 100_000],
  ['fb3ff199999999999a', 1.1],
  ['f97c00', Number.POSITIVE_INFINITY],
  ['f97e00', Number.NaN],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['c11a514b67b0', 1_363_896_240],
  ['c48221196ab3', 273.15],
  ['c5822003', 1.5],
  ['40', new Uint8Array()],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  ['60', ''],
  ['62c3bc', 'ü'],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  [
    'a201020304',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  [
    'bf61610161629f0203ffff',
    new Map<unknown, unknown>([
      ['a', 1],
      ['b', [2, 3]],
    ]),
  ],
  ['5f42010243030405ff', Uint8Array.of(1, 2, 3, 4, 5)],
  ['7f657374726561646d696e67ff', 'streaming'],
  ['9fff', []],
];

test('the examples of RFC 8949 are read', () => {
  for (const [hex, value] of examples) {
    const decoded = decodeCbor(Buffer.from(hex, 'hex'));
    assert.deepEqual(decoded instanceof Uint8Array ? Uint8Array.from(decoded) : decoded, value, hex);
  }
});

test('what is no CBOR, or more than a number here can hold, is refused', () => {
  const refused: [hex: string, reason: RegExp][] = [
    ['', /1 bytes expected, 0 left/],
    ['0000', /1 bytes behind/],
    ['1903', /2 bytes expected, 1 left/],
    ['9bffffffffffffffff', /above 2\^53/],
    ['9affffffff00', /1 bytes expected/],
    ['5affffffff00', /4294967295 bytes expected/],
    ['1c', /reserved length/],
    ['1f', /unknown length in the wrong place/],
    ['ff', /break outside/],
    ['82ff', /break in the wrong place/],
    ['a101ff', /break in the wrong place/],
    ['a201020103', /key 1 a second time/],
    ['c249010000000000000000', /above 2\^53/],
    ['c401', /no two integers/],
    ['f0', /no meaning/],
    ['62ff00', /encoded data was not valid/],
    ['5f6161ff', /part of another kind/],
    ['81'.repeat(40), /more than 32 items/],
  ];
  for (const [hex, reason] of refused) assert.throws(() => decodeCbor(Buffer.from(hex, 'hex')), reason, hex);
});

test('no bytes do more than throw an error', () =>
  forSeeds(300, (random) => {
    const bytes = Uint8Array.from({ length: random.below(61) }, () => random.below(256));
    try {
      decodeCbor(bytes);
    } catch (problem) {
      assert.ok(problem instanceof Error && !(problem instanceof RangeError));
    }
  }));
