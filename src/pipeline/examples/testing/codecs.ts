/** A codec script of `examples/codecs` with the device type that it is for. */
export interface ExampleCodec {
  readonly id: string;
  readonly version: string;
  readonly deviceType: string;
  readonly firmware: string;
  /** Where the script's text is. */
  readonly file: URL;
}

export const exampleCodecs: readonly ExampleCodec[] = [
  exampleCodec('dragino-lht65'),
  exampleCodec('mclimate-ht-sensor'),
  exampleCodec('arduino-mkrwan1310'),
];

function exampleCodec(deviceType: string): ExampleCodec {
  const file = new URL(`../codecs/${deviceType}.js`, import.meta.url);
  return { id: deviceType, version: '1.0.0', deviceType, firmware: '*', file };
}
