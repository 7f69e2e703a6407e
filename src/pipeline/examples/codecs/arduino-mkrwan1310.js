// Arduino MKR WAN 1310 with the LED sketch: one byte, 0 off and 1 on.
var LED_STATES = ['off', 'on'];

function decodeUplink(input) {
  var state = LED_STATES[input.bytes[0]];
  if (state === undefined) return { errors: ['expected 0 or 1, met ' + input.bytes[0]] };
  return { data: { ledState: state } };
}
