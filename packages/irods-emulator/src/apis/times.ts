/** A time as the catalog writes it: seconds since 1970, eleven digits. */
export function seconds(timeS: number): string {
  return String(timeS).padStart(11, '0');
}
