// Dragino LHT65: temperature and humidity, with an optional probe.
//
//   0-1  battery: bits 15-14 status, bits 13-0 millivolts
//   2-3  built-in temperature, signed, 0.01 degrees Celsius
//   4-5  built-in humidity, 0.1 %
//   6    kind of probe
//   7-8  probe: temperature, signed, 0.01 degrees Celsius
var PROBES = { 0: 'No external sensor', 1: 'Temperature Sensor' };

function decodeUplink(input) {
  if (input.fPort !== 2) return { errors: ['unknown FPort'] };
  var bytes = input.bytes;
  if (bytes.length < 9) return { errors: ['expected 9 bytes or more, met ' + bytes.length] };
  var probe = bytes[6] & 0x7f;
  if (!(probe in PROBES)) return { errors: ['unknown kind of probe ' + probe] };
  var data = {
    BatV: (unsigned(bytes, 0) & 0x3fff) / 1000,
    Bat_status: bytes[0] >> 6,
    TempC_SHT: signed(bytes, 2) / 100,
    Hum_SHT: unsigned(bytes, 4) / 10,
    Ext_sensor: PROBES[probe],
  };
  if (probe === 1) data.TempC_DS = signed(bytes, 7) / 100;
  return { data: data };
}

function unsigned(bytes, at) {
  return (bytes[at] << 8) | bytes[at + 1];
}

function signed(bytes, at) {
  return (unsigned(bytes, at) << 16) >> 16;
}
