import { contract } from '../../http/contract.ts';
import type { JsonSchema, Route } from '../../http/route.ts';
import { code, table } from './markdown.ts';

/** docs/reference/http-api.md: what the contract says, route by route. */
export function apiPage(): string {
  const tags = [...new Set(contract.map(({ tag }) => tag))];
  const sections = tags.flatMap((tag) => [`## ${tag}`, ...contract.filter((row) => row.tag === tag).map(sectionOf)]);
  return `${[introduction, summaryOf(contract), ...sections].join('\n\n')}\n`;
}

const introduction = `# HTTP API

The same as OpenAPI stands at \`GET /v1/openapi.json\`. Bodies are JSON where nothing else is said. Who may call: \`anyone\`; who is
\`identified\` (the handler decides by their rights); the \`device\` that the path names; a \`consumer\` or \`producer\` with the right to the
queue; an \`admin\`, who may call every route. An error is a problem of RFC 9457 with \`code\`, \`retryable\` and, for a device
message, \`stage\` and \`messageId\`; the codes are in [errors.md](errors.md).`;

function summaryOf(routes: readonly Route[]): string {
  return table(
    ['route', 'who', 'what it does'],
    routes.map(({ method, path, who, summary }) => [code(`${method} ${path}`), who, summary]),
  );
}

function sectionOf({ method, path, summary, who, schemas, rawBody }: Route): string {
  const inputs = [
    ...fieldsOf('path', schemas.params),
    ...fieldsOf('query', schemas.query),
    ...fieldsOf('header', schemas.headers),
    ...fieldsOf('body', schemas.body),
  ];
  const answers = Object.entries(schemas.responses).map(([status, schema]) => [
    status,
    `${schema.description ?? ''}${namesIn(schema)}`,
  ]);
  return [
    `### ${method} ${path}`,
    `${summary}. For: ${who}.${rawBody ? ' The body is bytes of any content type.' : ''}`,
    ...(inputs.length === 0 ? [] : [table(['where', 'name', 'value', 'default', 'meaning'], inputs)]),
    table(['status', 'answer'], answers),
  ].join('\n\n');
}

function fieldsOf(where: string, schema: JsonSchema | undefined): string[][] {
  const fields = Object.entries((schema?.properties ?? {}) as Record<string, JsonSchema>);
  const required = new Set((schema?.required ?? []) as string[]);
  if (schema !== undefined && fields.length === 0) return [[where, '', formOf(schema), '', textOf(schema)]];
  return fields.map(([name, field]) => [
    where,
    code(name),
    formOf(field),
    required.has(name) ? 'needed' : field.default === undefined ? '' : code(JSON.stringify(field.default)),
    textOf(field),
  ]);
}

function textOf({ description }: JsonSchema): string {
  return typeof description === 'string' ? description : '';
}

function namesIn({ properties }: JsonSchema): string {
  const names = Object.keys((properties ?? {}) as object);
  return names.length === 0 ? '' : `: ${names.map(code).join(', ')}`;
}

/** A schema in few words. */
function formOf(schema: JsonSchema): string {
  const { type, enum: choices, minimum, maximum, maxLength, pattern, items } = schema as Record<string, never>;
  if (Array.isArray(choices)) return (choices as unknown[]).map((choice) => code(JSON.stringify(choice))).join(', ');
  const range = maximum === undefined ? '' : ` ${minimum ?? ''} to ${maximum}`;
  const length = maxLength === undefined ? '' : `, at most ${maxLength} characters`;
  const form = pattern === undefined ? '' : ` ${code(String(pattern))}`;
  if (type === 'array') return items === undefined ? 'array' : `array of ${formOf(items)}`;
  return `${Array.isArray(type) ? (type as string[]).join(' or ') : (type ?? 'any JSON')}${range}${length}${form}`;
}
