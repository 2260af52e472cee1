import { connect, type ClientHttp2Session } from 'node:http2';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CoordinatorServiceService, Directive } from './generated/calm/v1/coordinator.ts';
import { tokenGate } from './gate.ts';
import { serve, type RunningServer } from './serve.ts';
import type { Api } from './service.ts';

const { heartbeat } = CoordinatorServiceService;
const definition = { heartbeat };
/** What handlers were asked, by instance. */
let asked: string[];
let server: RunningServer;
let session: ClientHttp2Session;

beforeEach(async () => {
  asked = [];
  const handlers: Api<typeof definition> = {
    heartbeat: async ({ instance }) => {
      asked.push(instance);
      return { directive: Directive.CONTINUE };
    },
  };
  server = await serve({ address: '127.0.0.1:0', gate: tokenGate('secret'), name: 'x', definition, handlers });
  session = connect(`http://${server.address}`);
});

afterEach(async () => {
  session.close();
  await server.close();
});

interface Said {
  readonly path?: string;
  readonly authorization?: string;
  readonly type?: string;
}

/** The status of a call that sends such bytes, and the sentence with it. */
function call(bytes: Buffer, { path = heartbeat.path, authorization = 'Bearer secret', type }: Said = {}) {
  return new Promise<[unknown, string]>((resolve, reject) => {
    const stream = session.request({
      ...{
        ':method': 'POST',
        ':path': path,
        'content-type': type ?? 'application/grpc',
        te: 'trailers',
        authorization,
      },
    });
    const hear = (headers: Readonly<Record<string, unknown>>): void => {
      const { 'grpc-status': status, 'grpc-message': message = '' } = headers;
      if (status !== undefined) resolve([Number(status), decodeURI(message as string)]);
    };
    stream.on('response', hear).on('trailers', hear).on('error', reject).resume();
    stream.end(bytes);
  });
}

function framed(message: Buffer, { flag = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

const from = (instance: string): Buffer => heartbeat.requestSerialize({ instance, token: '' });

it.each([
  ['is longer than may be', framed(Buffer.alloc(5 << 20)), [3, "a call's message has more than 4194304 bytes"]],
  ['is cut', framed(from('cut'), { length: 100 }), [3, "a call's message is not as long as it says"]],
  ['has no head', Buffer.from([0, 0]), [3, "a call's message is not as long as it says"]],
  ['is compressed', framed(from('compressed'), { flag: 1 }), [3, "a call's message is compressed"]],
  ['cannot be read', framed(Buffer.alloc(9, 255)), [3, `${heartbeat.path}: a message that cannot be read`]],
])('a message that %s is refused, and the next call on the connection answered', async (_, bytes, expected) => {
  expect(await call(bytes)).toEqual(expected);
  expect(await call(framed(from('next')))).toEqual([0, '']);
  expect(asked).toEqual(['next']);
});

it('a call of a method that there is not, of another kind, or with another token reaches no handler', async () => {
  const bytes = framed(from('stranger'));
  expect((await call(bytes, { path: '/calm.v1.CoordinatorService/Nothing' }))[0]).toBe(12);
  expect((await call(bytes, { type: 'application/json' }))[0]).toBe(12);
  // Of the right length, and of another.
  for (const authorization of ['Bearer secreT', 'Bearer', ''])
    expect((await call(bytes, { authorization }))[0]).toBe(16);
  expect(asked).toEqual([]);
});
