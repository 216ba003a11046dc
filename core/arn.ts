/** The parts of an ARN. */
export interface Arn {
  partition: string;
  service: string;
  region: string;
  account: string;
  /** All that follows the account, colons included. */
  resource: string;
}

/**
 * Takes an ARN apart; a part that it lacks is blank.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function parseArn(arn: string): Arn {
  const [, partition = '', service = '', region = '', account = '', ...resource] = arn.split(':');
  return { partition, service, region, account, resource: resource.join(':') };
}
