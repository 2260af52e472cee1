// One unary call as gRPC writes it on a stream of HTTP/2: a message in, a message or a status out. By node:http2 alone: grpc-js
// takes more than twice the time of a core for it, and gave away all there is where very many workers ask.
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { CalmError } from '@calm-orch/core';

/** Whether it is compressed, and its length. */
const prefixBytes = 5;
const maxRequestBytes = 4 << 20;
const head: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc+proto' };
const succeeded: OutgoingHttpHeaders = { 'grpc-status': 0 };

/** The call's one message. @throws CalmError `invalid_argument`, `cancelled` where its caller has gone. */
export function receive(stream: ServerHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const refuse = (what: string): void => reject(new CalmError('invalid_argument', `a call's message ${what}`));
    stream.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= prefixBytes + maxRequestBytes) return void parts.push(part);
      parts.length = 0;
      refuse(`has more than ${maxRequestBytes} bytes`);
    });
    stream.on('end', () => {
      const framed = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      if (framed.length < prefixBytes || framed.readUInt32BE(1) !== framed.length - prefixBytes)
        refuse('is not as long as it says');
      else if (framed[0] !== 0) refuse('is compressed');
      else resolve(framed.subarray(prefixBytes));
    });
    stream.on('close', () => {
      if (!stream.readableEnded) reject(new CalmError('cancelled', 'the caller has gone'));
    });
  });
}

export function send(stream: ServerHttp2Stream, message: Buffer): void {
  if (stream.closed || stream.destroyed) return;
  const framed = Buffer.allocUnsafe(prefixBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixBytes);
  stream.once('wantTrailers', () => stream.sendTrailers(succeeded));
  stream.respond(head, { waitForTrailers: true });
  stream.end(framed);
}

/** Ends the call with a status that is not OK. */
export function refuse(stream: ServerHttp2Stream, status: Readonly<Record<string, string | number>>): void {
  if (stream.closed || stream.destroyed) return;
  stream.respond({ ...head, ...status }, { endStream: true });
  // What it says still is not read.
  stream.close(constants.NGHTTP2_NO_ERROR);
}
