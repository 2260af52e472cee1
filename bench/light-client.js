// A gRPC client for very many simulated workers: unary calls over one HTTP/2 connection each, by node:http2 alone. A call costs
// it a third of what a whole gRPC client's costs, so that the measurement is of the coordinator. It connects again when cut.
import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';

const prefixBytes = 5;

/**
 * @param definition A generated service.
 * @param retryEveryMs Another for each worker: a thousand that connect at once overflow what a socket queues.
 * @returns The service's methods; they wait for a server that cannot be reached, and throw an error with `code` for a refusal.
 */
export function lightClient(definition, { address, token, retryEveryMs }) {
  const headers = {
    ...{ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', authorization: `Bearer ${token}` },
  };
  let session = null;
  const open = () => {
    if (session !== null && !session.closed && !session.destroyed) return session;
    session = connect(`http://${address}`);
    session.on('error', () => {});
    return session;
  };
  const method = ({ path, requestSerialize, responseDeserialize }) => {
    const own = { ...headers, ':path': path };
    return async (request) => {
      const message = requestSerialize(request);
      const framed = Buffer.allocUnsafe(prefixBytes + message.length);
      framed[0] = 0;
      framed.writeUInt32BE(message.length, 1);
      framed.set(message, prefixBytes);
      for (;;) {
        const { ended, status, code, body } = await once(open(), own, framed);
        if (status === '0') return responseDeserialize(body.subarray(prefixBytes));
        if (ended) throw Object.assign(new Error(`${path}: status ${status}, ${code}`), { code });
        await sleep(retryEveryMs);
      }
    };
  };
  return Object.fromEntries(Object.entries(definition).map(([name, own]) => [name, method(own)]));
}

/** `ended`: whether the server has answered. */
function once(session, headers, message) {
  return new Promise((resolve) => {
    const parts = [];
    let answer = { ended: false };
    const hear = (fields) => {
      if (fields['grpc-status'] !== undefined)
        answer = { ended: true, status: fields['grpc-status'], code: fields['calm-code'] };
    };
    const stream = session.request(headers);
    stream.on('response', hear).on('trailers', hear);
    stream.on('data', (part) => parts.push(part)).on('error', () => {});
    stream.on('close', () => resolve({ ...answer, body: parts.length === 1 ? parts[0] : Buffer.concat(parts) }));
    stream.end(message);
  });
}
