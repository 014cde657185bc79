/**
 * What the kernels need of WebAssembly, which every host of this room has (Node, browsers, workers of both), declared
 * here because the room is compiled without any host's types.
 */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** The memory of a kernel; its buffer is another one after each growth. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer;
}

/** An address that a kernel exports. */
export interface KernelPlace {
  readonly value: number;
}

/** Makes a kernel of its bytes, at once. `Exports` is what the kernel's source exports. */
export function instantiate<Exports extends object>(bytes: Uint8Array): Exports {
  let module = modules.get(bytes);
  if (module === undefined) {
    module = new WebAssembly.Module(bytes);
    modules.set(bytes, module);
  }
  // The kernels are written for an abort that cannot happen: there is nothing that allocates or asserts.
  const env = { abort: () => undefined };
  return new WebAssembly.Instance(module, { env }).exports as Exports;
}

/** Compiled kernels, by their bytes. */
const modules = new Map<Uint8Array, object>();
