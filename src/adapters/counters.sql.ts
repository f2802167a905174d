/**
 * Which counters do not stand at the highest number in use? A number is given in the transaction that writes its row, so each does. The
 * same text for both databases.
 */
export const COUNTERS_ASTRAY = `
  SELECT name, value, highest FROM (
    SELECT 'epoch' AS name, max(epoch) AS highest FROM policy_activation
    UNION ALL SELECT 'keyring_version', max(version) FROM keyring
    UNION ALL SELECT 'policy_version', max(version) FROM policy_version
    UNION ALL SELECT 'thresholds_version', max(version) FROM thresholds_version
  ) AS numbered FULL JOIN counter USING (name)
  WHERE value IS DISTINCT FROM highest
  ORDER BY name`
