/** Whether AWS denied access to the caller. Which of the two names it uses depends on the service. */
export const isDenied = (error: unknown): error is Error =>
  error instanceof Error && /^AccessDenied(Exception)?$/.test(error.name);
