export function promtoolPath(): string | null
