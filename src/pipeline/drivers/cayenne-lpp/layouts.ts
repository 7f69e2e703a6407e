/** One kind of value of Cayenne LPP: how many bytes, and what they mean. */
export interface Layout {
  /** What it is called, before `_` and the channel. */
  readonly name: string;
  /** Fields of the value in their order; one field without a name is the value itself. */
  readonly fields: readonly Field[];
}

interface Field {
  readonly name: string;
  readonly bytes: number;
  readonly isSigned: boolean;
  /** The number is divided by this. */
  readonly divisor: number;
}

/** By type byte: those of Cayenne, and those that its libraries took from the IPSO objects 3300 to 3342. */
export const layouts: Readonly<Record<number, Layout>> = {
  0: value('digital_in', 1, 'unsigned'),
  1: value('digital_out', 1, 'unsigned'),
  2: value('analog_in', 2, 'signed', 100),
  3: value('analog_out', 2, 'signed', 100),
  100: value('generic', 4, 'unsigned'),
  101: value('luminosity', 2, 'unsigned'),
  102: value('presence', 1, 'unsigned'),
  103: value('temperature', 2, 'signed', 10),
  104: value('relative_humidity', 1, 'unsigned', 2),
  113: vector('accelerometer', ['x', 'y', 'z'], 2, 'signed', 1000),
  115: value('barometric_pressure', 2, 'unsigned', 10),
  116: value('voltage', 2, 'unsigned', 100),
  117: value('current', 2, 'unsigned', 1000),
  118: value('frequency', 4, 'unsigned'),
  120: value('percentage', 1, 'unsigned'),
  121: value('altitude', 2, 'signed'),
  125: value('concentration', 2, 'unsigned'),
  128: value('power', 2, 'unsigned'),
  130: value('distance', 4, 'unsigned', 1000),
  131: value('energy', 4, 'unsigned', 1000),
  132: value('direction', 2, 'unsigned'),
  133: value('unix_time', 4, 'unsigned'),
  134: vector('gyrometer', ['x', 'y', 'z'], 2, 'signed', 100),
  135: vector('colour', ['r', 'g', 'b'], 1, 'unsigned'),
  136: {
    name: 'gps',
    fields: [
      { name: 'latitude', bytes: 3, isSigned: true, divisor: 10_000 },
      { name: 'longitude', bytes: 3, isSigned: true, divisor: 10_000 },
      { name: 'altitude', bytes: 3, isSigned: true, divisor: 100 },
    ],
  },
  142: value('switch', 1, 'unsigned'),
};

function value(name: string, bytes: number, sign: 'signed' | 'unsigned', divisor = 1): Layout {
  return vector(name, [''], bytes, sign, divisor);
}

function vector(
  name: string,
  parts: readonly string[],
  bytes: number,
  sign: 'signed' | 'unsigned',
  divisor = 1,
): Layout {
  return { name, fields: parts.map((part) => ({ name: part, bytes, isSigned: sign === 'signed', divisor })) };
}
