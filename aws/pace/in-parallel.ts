// Calls at a time: fewer than the SDK's HTTP handler has connections.
const WORKERS = 25;

/** Does something for each item, up to 25 at a time. It throws the first error. */
export async function inParallel<T>(items: T[], action: (item: T) => Promise<void>): Promise<void> {
  const todo = [...items];
  const worker = async () => {
    for (let item = todo.shift(); item !== undefined; item = todo.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(WORKERS, todo.length) }, worker));
}
