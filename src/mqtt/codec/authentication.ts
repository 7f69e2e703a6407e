import { protocolError } from './malformed.ts';

/** Refuses authentication data without the method that says what it is: sections 3.1.2.11.10, 3.2.2.3.18 and 3.15.2.2.3. */
export function checkAuthentication(
  packet: string,
  properties: { readonly authenticationMethod?: string; readonly authenticationData?: Buffer } | undefined,
): void {
  if (properties?.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw protocolError(
      packet,
      'an authentication method with the authentication data',
      'none',
      'MQTT 5 section 3.1.2.11.10',
    );
  }
}
