// Hostile requests: foreign names and sites, paths that lead elsewhere, what no query may hold.
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeRun, serve, temporaryFolder, writing, type Served } from './served.test-util.ts';

let served: Served;
afterEach(() => served.close());

describe('on this machine', () => {
  beforeEach(async () => {
    const dir = temporaryFolder();
    writing(dir, makeRun);
    served = await serve(dir);
  });

  test('its own names are answered, on whatever port they are reached by; other names are not', async () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]', `localhost:${served.port}`, 'LOCALHOST:9', '[::1]:9'])
      expect([host, (await served.ask('/api/runs', { host })).status]).toEqual([host, 200]);
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '0.0.0.0', ':80'])
      for (const path of ['/', '/page.js', '/api/runs', '/api/live', '/nowhere'])
        expect([host, path, (await served.ask(path, { host })).status]).toEqual([host, path, 403]);
  });

  test('another site gets nothing, the page itself all', async () => {
    const own = { host: `127.0.0.1:${served.port}` };
    const asked = async (headers: Record<string, string>) =>
      (await served.ask('/api/runs', { ...own, ...headers })).status;
    expect(await asked({ origin: `http://127.0.0.1:${served.port}` })).toBe(200);
    expect(await asked({ 'sec-fetch-site': 'same-origin' })).toBe(200);
    for (const origin of ['https://evil.example', 'http://localhost:1', 'http://127.0.0.1', 'null', ''])
      expect([origin, await asked({ origin })]).toEqual([origin, 403]);
    for (const site of ['cross-site', 'same-site'])
      expect([site, await asked({ 'sec-fetch-site': site })]).toEqual([site, 403]);
    // A link on another site may lead here.
    expect((await served.ask('/', { ...own, 'sec-fetch-site': 'cross-site' })).status).toBe(200);
  });

  test('nothing can be written', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect([method, (await served.ask('/api/runs', {}, method)).status]).toEqual([method, 405]);
    expect((await served.ask('/api/runs', {}, 'HEAD')).status).toBe(200);
  });

  test('a photograph may be sent by the page itself alone, and to no other address', async () => {
    const path = '/api/runs/x-1/try?row=all&seed=0';
    const own = { host: `127.0.0.1:${served.port}`, origin: `http://127.0.0.1:${served.port}` };
    const posted = async (headers: Record<string, string>) => (await served.ask(path, headers, 'POST')).status;
    // There is no model to ask.
    expect(await posted(own)).toBe(404);
    expect(await posted({ ...own, 'sec-fetch-site': 'same-origin' })).toBe(404);
    // What does not say where it comes from may come from anywhere.
    expect(await posted({ host: own.host })).toBe(403);
    for (const origin of ['https://evil.example', 'http://localhost:1', 'null'])
      expect([origin, await posted({ ...own, origin })]).toEqual([origin, 403]);
    expect(await posted({ ...own, host: 'evil.example' })).toBe(403);
    expect(await posted({ ...own, 'sec-fetch-site': 'cross-site' })).toBe(403);
    for (const other of ['/', '/page.js', '/api/runs', '/api/live', '/api/openapi.json', '/api/models'])
      expect([other, (await served.ask(other, own, 'POST')).status]).toEqual([other, 405]);
    expect((await served.ask(path, own)).status).toBe(404);
  });

  test('no path leads out of the page', async () => {
    const paths = [
      '/../../../etc/passwd',
      '/..%2f..%2fetc%2fpasswd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/page.js/../../index.js',
      '//etc/passwd',
      '/page.js%00.html',
      '/api/runs/../../etc/passwd',
      '/api/runs/x-1/logs/..%2f..%2fcalm-orch.db',
      '/api/runs/..%2fx-1/logs/trainer-0',
      '/api/runs/%ff',
      '/api/runs/x-1/stages/..%2fk1',
      'http://evil.example/api/runs',
      '/api/',
      `/${'a'.repeat(10_000)}`,
    ];
    for (const path of paths) {
      const { status, json } = await served.ask(path);
      expect([path, [400, 404].includes(status), typeof json.error.message]).toEqual([path, true, 'string']);
    }
  });

  test('a query that is none is answered by what was expected', async () => {
    const wrong = [
      'limit=-1',
      'limit=1e9',
      'limit=x',
      'offset=-1',
      'offset=NaN',
      'sort=title',
      'status=lost',
      `text=${'a'.repeat(201)}`,
    ];
    for (const query of wrong) {
      const { status, json } = await served.ask(`/api/runs?${query}`);
      expect([query, status, json.error.message.split(':')[0]]).toEqual([query, 400, query.split('=')[0]]);
    }
    expect((await served.ask(`/api/runs?text=${encodeURIComponent(`x' OR 1=1 --`)}&nothing=1`)).json.total).toBe(0);
    expect((await served.ask('/api/runs?__proto__=1&constructor=2')).json.total).toBe(1);
  });

  test('answers let no other site frame or read them, and no script run but the page own', async () => {
    const { headers, text } = await served.ask('/');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'/,
    );
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(text).not.toMatch(/<script>|style=|onload=/);
  });
});

describe('off this machine', () => {
  beforeEach(async () => {
    served = await serve(temporaryFolder(), { host: '0.0.0.0' });
  });

  test('the address holds a token without which nothing is answered; a browser keeps it in a cookie', async () => {
    const { hostname: name, searchParams } = new URL(served.page.address);
    const token = searchParams.get('token')!;
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect(name).toBe(hostname().toLowerCase());
    for (const path of ['/', '/page.js', '/api/runs', '/api/live', '/?token=x', '/?token=', `/?token=${token}x`])
      expect([path, (await served.ask(path)).status]).toEqual([path, 401]);
    const first = await served.ask(`/?token=${token}`);
    expect([first.status, first.headers.location]).toEqual([303, '/']);
    const [cookie] = first.headers['set-cookie']!;
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
    expect((await served.ask('/api/runs', { cookie: `a=b; ${cookie!.split(';')[0]!}` })).status).toBe(200);
    expect((await served.ask('/api/runs', { cookie: 'calm-orch-token=x' })).status).toBe(401);
    expect((await served.ask(`/api/runs?token=${token}`, { host: hostname() })).status).toBe(200);
    expect((await served.ask(`/api/runs?token=${token}`, { host: 'evil.example' })).status).toBe(403);
  });
});
