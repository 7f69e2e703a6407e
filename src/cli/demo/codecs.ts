/** Codec scripts as a maker of devices writes them: plain JavaScript that defines `decodeUplink`. */

const lht65 = (describeProbe: string): string => `
var PROBES = { 1: { name: 'Temperature Sensor' }, 4: { name: 'Interrupt Sensor' } };

function word(bytes, at) { return (bytes[at] << 8) | bytes[at + 1]; }
function signedWord(bytes, at) { return (word(bytes, at) << 16) >> 16; }

function decodeUplink(input) {
  var bytes = input.bytes;
  if (input.fPort !== 2) return { errors: ['unknown FPort'] };
  var probe = bytes[6] & 0x7f;
  var data = {
    BatV: (word(bytes, 0) & 0x3fff) / 1000,
    Bat_status: bytes[0] >> 6,
    TempC_SHT: signedWord(bytes, 2) / 100,
    Hum_SHT: word(bytes, 4) / 10,
    Ext_sensor: ${describeProbe}
  };
  if (probe === 1) data.TempC_DS = signedWord(bytes, 7) / 100;
  return { data: data };
}
`;

/** Was only ever tried on devices with a probe: without one it throws. */
export const faultyLht65 = lht65('PROBES[probe].name');
export const mendedLht65 = lht65("probe in PROBES ? PROBES[probe].name : 'No external sensor'");

/** The layout that firmware 9 of the tracker sends on port 9: degrees as 32-bit floats, km/h, millivolts. */
export const oyster9 = `
function decodeUplink(input) {
  var bytes = input.bytes;
  if (input.fPort !== 9 || bytes.length !== 11) return { errors: ['expected 11 bytes on fPort 9'] };
  var view = new DataView(new Uint8Array(bytes).buffer);
  return {
    data: {
      type: 'position',
      latitudeDeg: view.getFloat32(0, true),
      longitudeDeg: view.getFloat32(4, true),
      speedKmph: view.getUint8(8),
      batV: view.getUint16(9, true) / 1000
    }
  };
}
`;
