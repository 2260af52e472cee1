// What a chat completion says, whatever its server makes of the format: text, parts of text, thoughts before the answer,
// nothing at all.

/** As servers send it, which is not always as documented. */
interface Sent {
  readonly choices?: readonly { readonly finish_reason?: unknown; readonly message?: Message | null }[] | null;
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown } | null;
}
interface Message {
  readonly content?: unknown;
  readonly refusal?: unknown;
}

/** The text of an answer without its thoughts, or why there is none. */
export function textOf(completion: unknown): { readonly text: string } | { readonly reason: string } {
  if (typeof completion !== 'object' || completion === null)
    return { reason: 'an answer that is no chat completion; does the server stream?' };
  const [choice] = (completion as Sent).choices ?? [];
  if (choice === undefined) return { reason: 'an answer without choices' };
  const { content, refusal } = choice.message ?? {};
  const whole = Array.isArray(content) ? content.map(partText).join('') : content;
  const text = typeof whole === 'string' ? withoutThoughts(whole).trim() : '';
  const cutOff = choice.finish_reason === 'length';
  if (text !== '' && !cutOff) return { text };
  if (cutOff)
    return { reason: 'an answer cut off at its tokens; a model that thinks first needs its thinking turned off' };
  if (typeof refusal === 'string' && refusal !== '') return { reason: 'the model declined' };
  if (choice.finish_reason === 'content_filter') return { reason: 'an answer held back by a content filter' };
  return {
    reason: typeof whole === 'string' && whole.trim() !== '' ? 'thoughts without an answer' : 'an answer without text',
  };
}

const partText = (part: unknown): string => {
  const { text } = (part ?? {}) as { readonly text?: unknown };
  return typeof text === 'string' ? text : '';
};

/** Without what stands in think blocks, closed or not; some servers swallow the opening tag. */
export function withoutThoughts(text: string): string {
  const tag = '(?:think|thinking|thought|reasoning)';
  return text.replace(new RegExp(`^[\\s\\S]*</${tag}>`, 'i'), '').replace(new RegExp(`<${tag}>[\\s\\S]*$`, 'i'), '');
}

/** Tokens an answer says it used; null where it does not say. */
export function usageOf(completion: unknown): { readonly input: number; readonly output: number } | null {
  const { usage } = (completion ?? {}) as Sent;
  const [input, output] = [usage?.prompt_tokens, usage?.completion_tokens];
  return isCount(input) && isCount(output) ? { input, output } : null;
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
