/**
 * How long a call may take before it counts as unanswered, in milliseconds. By default, the SDK waits without end,
 * and the function would time out without a message.
 */
export const requestHandler = {
  connectionTimeout: 2000,
  requestTimeout: 5000,
  throwOnRequestTimeout: true,
};
