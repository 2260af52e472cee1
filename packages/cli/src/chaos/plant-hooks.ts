// Module hooks of plant.ts: whoever imports the training loop gets the faulty one, which alone gets the real one.
import type { ResolveHook } from 'node:module';

const faulty = new URL('./faulty-loop.js', import.meta.url).href;

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context);
  if (!found.url.endsWith('/trainer/dist/training/train-loop.js') || context.parentURL?.startsWith(faulty) === true)
    return found;
  return { ...found, url: `${faulty}?real=${encodeURIComponent(found.url)}` };
};
