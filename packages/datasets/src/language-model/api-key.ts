// Where the key of OPENAI_API_KEY may go: to the host it is meant for, and nowhere else. That is OpenAI's own, or the one
// the environment names in OPENAI_BASE_URL; an address that an experiment file alone names never gets it.
import { CalmError, type OpenaiConfig } from '@calm-orch/core';

type Address = Pick<OpenaiConfig, 'baseUrl'>;

/** OpenAI's own: served only to who has a key. */
function isOfficial({ hostname }: URL): boolean {
  return hostname === 'openai.com' || hostname.endsWith('.openai.com');
}

function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/** The host the environment names for the key. @throws CalmError `invalid_config` where it is no address. */
function namedOrigin(env: NodeJS.ProcessEnv): string | undefined {
  const named = env['OPENAI_BASE_URL'] || undefined;
  if (named === undefined) return undefined;
  const url = URL.canParse(named) ? new URL(named) : null;
  // Not repeated: it may hold a password. `localhost:8000` reads as an address without a host.
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new CalmError('invalid_config', 'OPENAI_BASE_URL: expected an address such as https://host/v1');
  return url.origin;
}

/**
 * The key to send to `baseUrl`; undefined: none is sent. `setting` is what wants it, for messages.
 * @throws CalmError `invalid_config` where one is needed and missing, or set and not meant for that host
 */
export function apiKeyOf({ baseUrl }: Address, env: NodeJS.ProcessEnv, setting: string): string | undefined {
  const apiKey = env['OPENAI_API_KEY'] || undefined;
  const url = new URL(baseUrl);
  const named = namedOrigin(env);
  if (apiKey === undefined) {
    if (!isOfficial(url)) return undefined;
    throw new CalmError(
      'invalid_config',
      `${setting} needs a key for ${baseUrl}: set OPENAI_API_KEY in the environment, or openai.baseUrl to a server that needs none`,
    );
  }
  const meant = named === undefined ? isOfficial(url) : named === url.origin;
  if (!meant) {
    // A server of this machine is asked without it.
    if (isLoopback(url)) return undefined;
    const whose = named === undefined ? 'for api.openai.com' : `for ${named} (OPENAI_BASE_URL)`;
    throw new CalmError(
      'invalid_config',
      `${setting}: OPENAI_API_KEY is ${whose}, openai.baseUrl is ${baseUrl}: set OPENAI_BASE_URL=${baseUrl} if the key is meant for that host, or unset OPENAI_API_KEY to ask it without one`,
    );
  }
  if (url.protocol !== 'https:' && !isLoopback(url))
    throw new CalmError(
      'invalid_config',
      `${setting}: OPENAI_API_KEY would go unencrypted to ${baseUrl}: use an https address, or unset OPENAI_API_KEY to ask without one`,
    );
  return apiKey;
}
