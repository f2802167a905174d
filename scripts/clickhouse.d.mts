export function clickHouseServerPath(): string | null
