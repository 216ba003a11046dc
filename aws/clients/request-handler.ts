/**
 * How long any call may take before it counts as unanswered, in milliseconds. The SDK waits for ever
 * by itself, and a function that waits is a function that times out without a word.
 */
export const requestHandler = {
  connectionTimeout: 2000,
  requestTimeout: 5000,
  throwOnRequestTimeout: true,
};
