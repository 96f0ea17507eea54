import { readdir } from "node:fs/promises";

/**
 * Imports every module of a folder, in the order of their names.
 *
 * @param {string} folder below bench/
 * @returns {Promise<{ file: string, module: any }[]>} with the URL of each
 */
export async function importAll(folder) {
  const url = new URL(`../${folder}/`, import.meta.url);
  const names = (await readdir(url)).filter((name) => name.endsWith(".js")).sort();
  return Promise.all(
    names.map(async (name) => {
      const file = new URL(name, url).href;
      return { file, module: await import(file) };
    }),
  );
}
