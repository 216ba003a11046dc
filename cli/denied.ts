/** Whether AWS denied access to the caller. */
export const isDenied = ({ name }: Error): boolean => /AccessDenied/.test(name);
