export interface FetchLimits {
  readonly timeoutMs: number;
  /** Of the answer's body. */
  readonly bytesMax: number;
}

/** The JSON behind a URL. Rejects where the answer is not 200, too late, too large or no JSON; redirections are not followed. */
export async function fetchJson(url: string, request: RequestInit, limits: FetchLimits): Promise<unknown> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  const response = await fetch(url, { ...request, signal, redirect: 'error' });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`Expected status 200 from ${url}, met ${response.status}`);
  }
  return JSON.parse(await textOf(response, url, limits.bytesMax));
}

async function textOf(response: Response, url: string, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`Expected at most ${bytesMax} bytes from ${url}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
