import type { Action, Done, Plan } from '../server/protocol.ts';
import { post } from './client.ts';
import { h } from './dom.ts';
import { problem, resultCard, sentenceOf } from './words.ts';

const element = (): HTMLDialogElement => {
  const dialog = document.querySelector('dialog');
  if (!dialog) throw new Error('The page has no dialog.');
  return dialog;
};

const cancel = (word: string): HTMLElement =>
  h('button', { type: 'button', 'data-do': 'close' }, word);

const title = (text: string): HTMLElement => h('h2', { id: 'dialog-title', tabindex: -1 }, text);

/** Closes the dialog without carrying out the plan. */
export const closePlan = (): void => element().close();

function show(...children: Node[]): void {
  const dialog = element();
  dialog.replaceChildren(...children);
  if (!dialog.open) dialog.showModal();
  // Focus the heading, so that a screen reader starts at the beginning of the plan.
  dialog.querySelector('h2')?.focus();
}

const reasonField = ({ needsReason }: Plan): HTMLElement =>
  h(
    'label',
    {},
    needsReason ? 'Reason, for the audit' : 'Reason, for the audit (may be empty)',
    h('textarea', { name: 'reason', rows: 2, maxlength: 200, required: needsReason }),
  );

/** Shows what an action would do, and carries it out once a person confirms it. */
export async function openPlan(action: Action, done: (done: Done) => void): Promise<void> {
  show(
    title('Planning …'),
    h('p', { class: 'dim' }, 'Nothing is written.'),
    h('p', { class: 'buttons' }, cancel('Cancel')),
  );
  const dialog = element();
  // A plan that is cancelled while it is made is not shown.
  let isOpen = true;
  dialog.addEventListener(
    'close',
    () => {
      isOpen = false;
    },
    { once: true },
  );
  try {
    const plan = await post<Plan>('/api/plan', action);
    if (isOpen) showPlan(plan, done);
  } catch (error) {
    if (isOpen) {
      const close = h('p', { class: 'buttons' }, cancel('Close'));
      show(title('This can not be planned'), problem(sentenceOf(error)), close);
    }
  }
}

function showPlan(plan: Plan, done: (done: Done) => void): void {
  const { id } = plan;
  const sentences = plan.sentences.map((sentence) => h('p', {}, sentence));
  const results = plan.results.map(resultCard);
  if (id === undefined) {
    const hasFailed = plan.results.some(({ error }) => error !== undefined);
    const why = h('p', {}, hasFailed ? 'This can not be done.' : 'There is nothing to do.');
    show(title(plan.title), why, ...results, h('p', { class: 'buttons' }, cancel('Close')));
    return;
  }
  const trouble = h('div', {});
  const confirm = h('button', { type: 'submit', class: 'confirm' }, plan.verb);
  const form = h(
    'form',
    {},
    reasonField(plan),
    trouble,
    h('p', { class: 'buttons' }, cancel('Cancel'), confirm),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    confirm.disabled = true;
    try {
      const reason = new FormData(form).get('reason');
      const answer = await post<Done>('/api/confirm', { id, reason });
      closePlan();
      done(answer);
    } catch (error) {
      trouble.replaceChildren(problem(sentenceOf(error)));
      confirm.disabled = false;
    }
  });
  show(title(plan.title), ...sentences, ...results, form);
}
