/** `linux-x64-gnu`, `darwin-arm64`: the name of the platform's package and of its prebuilt addon. */
export function platformName(): string {
  const base = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${base}-${libc()}` : base;
}

function libc(): 'gnu' | 'musl' {
  const header = (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header;
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'gnu';
}
