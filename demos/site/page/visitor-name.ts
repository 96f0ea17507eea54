// The name that a visitor goes by until they choose one.

const ADJECTIVES = ["Amber", "Brisk", "Calm", "Clever", "Gentle", "Lucky", "Merry", "Nimble", "Quiet", "Sunny"];
const ANIMALS = ["Badger", "Falcon", "Fox", "Heron", "Lynx", "Marten", "Otter", "Puffin", "Robin", "Seal"];

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? "Guest";
}

/** A friendly name, by chance. */
export function randomName(): string {
  return `${pick(ADJECTIVES)} ${pick(ANIMALS)}`;
}
