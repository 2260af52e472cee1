// How a server wants to be asked. Newer models take `max_completion_tokens` instead of `max_tokens`, and no temperature
// but their own; what is learned from a refusal is kept for the stage, so that it is asked once.
import type { RequestFailure } from './request-failure.ts';
import { names } from './request-failure.ts';

export interface RequestForm {
  /** Null: neither is wanted. */
  readonly limit: 'max_tokens' | 'max_completion_tokens' | null;
  readonly temperature: boolean;
}

export const firstForm: RequestForm = { limit: 'max_tokens', temperature: true };

/** The form to try after a refusal of `form`; null where it names nothing that could be left out. */
export function formAfter(form: RequestForm, failure: RequestFailure): RequestForm | null {
  if (failure.status !== 400 && failure.status !== 422) return null;
  if (form.limit !== null && names(failure, form.limit))
    return { ...form, limit: form.limit === 'max_tokens' ? 'max_completion_tokens' : null };
  return form.temperature && names(failure, 'temperature') ? { ...form, temperature: false } : null;
}
