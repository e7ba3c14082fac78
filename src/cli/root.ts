/** Where the store is when nobody says: $LAMINA_ROOT, else /var/lib/lamina as root, else below $XDG_DATA_HOME. */
export function defaultRoot(env: Readonly<Record<string, string | undefined>>, isRoot: boolean): string {
  if (env['LAMINA_ROOT']) return env['LAMINA_ROOT']
  if (isRoot) return '/var/lib/lamina'
  return `${env['XDG_DATA_HOME'] ?? `${env['HOME'] ?? ''}/.local/share`}/lamina`
}
