// Who calls: files as `kubectl` writes them, a pod's service account, a program that prints credentials.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { kubeAccess } from './access.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-kubeconfig-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function config(user: unknown, cluster: unknown = { server: 'https://10.0.0.1:6443' }, name = 'config'): string {
  const path = join(dir, name);
  const context = { cluster: 'c', user: 'u', namespace: 'team' };
  const all = {
    'current-context': 'x',
    contexts: [{ name: 'x', context }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
  };
  writeFileSync(path, stringify(all));
  return path;
}
const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('the current context of a kubeconfig names server, namespace, authority and a client certificate', async () => {
  writeFileSync(join(dir, 'ca.pem'), 'an authority');
  const user = { 'client-certificate-data': base64('a certificate'), 'client-key-data': base64('a key') };
  const cluster = { server: 'https://10.0.0.1:6443', 'certificate-authority': 'ca.pem', 'tls-server-name': 'kube' };
  const { server, namespace, trust, credentials } = kubeAccess({ KUBECONFIG: config(user, cluster) });
  expect([server.host, namespace, trust]).toEqual([
    '10.0.0.1:6443',
    'team',
    { ca: 'an authority', servername: 'kube' },
  ]);
  expect(await credentials()).toEqual({ cert: 'a certificate', key: 'a key' });
});

test('a token stands in the file or in one of its own, which is read anew; the first of two files counts', async () => {
  expect(await kubeAccess({ KUBECONFIG: config({ token: 't' }) }).credentials()).toEqual({ token: 't' });
  const token = join(dir, 'token');
  writeFileSync(token, 'one\n');
  const paths = `${config({ tokenFile: 'token' }, undefined, 'first')}:${config({ token: 't' }, undefined, 'second')}`;
  const { credentials } = kubeAccess({ KUBECONFIG: paths });
  expect(await credentials()).toEqual({ token: 'one' });
  writeFileSync(token, 'two\n');
  expect(await credentials()).toEqual({ token: 'two' });
});

test('a program is asked once, and again when what it printed has expired or is refused; its own words tell of a failure', async () => {
  const script = join(dir, 'login');
  const print = (expires: string): string =>
    `#!/bin/sh\necho x >>${dir}/calls\n[ -n "$KUBERNETES_EXEC_INFO" ] && [ "$1" = me ] || exit 1\n` +
    `echo '{"status":{"token":"'$WHO'","expirationTimestamp":"${expires}"}}'\n`;
  writeFileSync(script, print('2999-01-01T00:00:00Z'), { mode: 0o755 });
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: './login',
    args: ['me'],
    env: [{ name: 'WHO', value: 'somebody' }],
  };
  const { credentials } = kubeAccess({ KUBECONFIG: config({ exec }), PATH: process.env['PATH'] });
  expect([await credentials(), await credentials()]).toEqual([{ token: 'somebody' }, { token: 'somebody' }]);
  writeFileSync(script, '#!/bin/sh\necho log in first >&2\nexit 1\n', { mode: 0o755 });
  await expect(credentials(true)).rejects.toThrow('kubeconfig: `./login` gives no credentials: log in first');
});

test('a pod calls as its service account', async () => {
  const account = join(dir, 'account');
  mkdirSync(account);
  for (const [name, text] of Object.entries({ namespace: 'team', token: 't', 'ca.crt': 'ca' }))
    writeFileSync(join(account, name), text);
  const env = { HOME: dir, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const { server, namespace, credentials } = kubeAccess(env, account);
  expect([server.href, namespace, await credentials()]).toEqual(['https://[fd00::1]/', 'team', { token: 't' }]);
});

test('what is missing is said', () => {
  expect(() => kubeAccess({ HOME: dir })).toThrow(
    /no cluster is known: .*\.kube\/config is not there, and this is no pod/,
  );
  expect(() => kubeAccess({ KUBECONFIG: join(dir, 'none') })).toThrow(/no cluster is known/);
  const path = join(dir, 'empty');
  writeFileSync(path, 'kind: Config\n');
  expect(() => kubeAccess({ KUBECONFIG: path })).toThrow(/empty: has no current-context/);
  writeFileSync(path, 'current-context: y\ncontexts: []\n');
  expect(() => kubeAccess({ KUBECONFIG: path })).toThrow(/context y names a context y, which is not there/);
});
