/** The command line or the environment names a profile that no file has. */
class ProfileNotFoundError extends Error {
  override readonly name = 'ProfileNotFound';
}

/**
 * Makes sure that a profile exists, since the SDK goes on without it and then misses a Region or credentials.
 *
 * @param name the profile that the option or the environment names; the default profile need not exist.
 * @throws ProfileNotFoundError that names the profiles that there are.
 */
export async function checkProfile(name: string | undefined): Promise<void> {
  if (!name || name === 'default') return;
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const known = [...new Set([...Object.keys(configFile), ...Object.keys(credentialsFile)])];
  if (known.includes(name)) return;
  const profiles = known.filter((each) => !each.includes('.')).sort();
  const there = profiles.length > 0 ? `There are: ${profiles.join(', ')}.` : 'There are none.';
  throw new ProfileNotFoundError(
    `There is no AWS profile ${name}, neither in the config file nor in the credentials file of the AWS CLI. ${there}`,
  );
}
