import { fileURLToPath } from "node:url";
import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import boundaries from "eslint-plugin-boundaries";
import tseslint from "typescript-eslint";
import { rooms } from "./scripts/lint/rooms.js";

/**
 * The dependency rule, from the table in scripts/lint/rooms.js.
 */
const dependencyRule = {
  plugins: { boundaries },
  settings: {
    "import/resolver": { [fileURLToPath(new URL("./scripts/lint/resolver.cjs", import.meta.url))]: {} },
    "boundaries/root-path": import.meta.dirname,
    "boundaries/legacy-templates": false,
    "boundaries/dependency-nodes": ["import", "dynamic-import", "export", "require"],
    // `let socket: import("node:net").Socket` is a dependency like any other.
    "boundaries/additional-dependency-nodes": [
      { selector: "TSImportType > Literal", kind: "type", name: "import-type" },
      { selector: "TSExternalModuleReference > Literal", kind: "value", name: "import-equals" },
    ],
    "boundaries/files": rooms.map(({ name, pattern }) => ({ category: name, pattern })),
    "boundaries/files-single-match": true,
  },
};

const allowed = rooms.map(({ name, pattern, mayImport, builtins = false, packages = [] }) => ({
  files: [pattern],
  rules: {
    "boundaries/dependencies": [
      "error",
      {
        default: "disallow",
        checkAllOrigins: true,
        checkUnknownLocals: true,
        checkInternals: false,
        message:
          "The dependency rule: {{ from.file.categories }} may not import {{ dependency.source }}. See ARCHITECTURE.md and scripts/lint/rooms.js.",
        // What it may import and no other room's, since every import is held against every one of them.
        policies: [
          { allow: { to: { file: { categories: [name, ...mayImport] } } } },
          ...(builtins ? [{ allow: { to: { module: { origin: "core" } } } }] : []),
          ...packages.map((source) => ({ allow: { to: { module: { origin: "external", source } } } })),
        ],
      },
    ],
  },
}));

export default defineConfig(
  globalIgnores(["**/dist/", "**/build/", "**/coverage/", "**/node_modules/", "**/.next/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.ts", "demos/**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ["scripts/lint/tsconfig.code.json", "scripts/lint/tsconfig.pages.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      // The compiler checks names with the types at hand.
      "no-undef": "off",

      // A closed set ends in an exhaustiveness check, which is a default case.
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { allowDefaultCaseForExhaustiveSwitch: true, considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // `||` is how an empty string, such as a variable of the environment set to nothing, gets its default.
      "@typescript-eslint/prefer-nullish-coalescing": ["error", { ignorePrimitives: { string: true } }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],

      // What plain JavaScript passes in is checked against the types that promise it cannot happen; and the compiler goes
      // on believing what it knew of a field after a call that changed it.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-unnecessary-boolean-literal-compare": "off",
      // An exported constant says its type, so that its value is no part of what is published.
      "@typescript-eslint/no-inferrable-types": "off",

      // Nobody declares an enumeration (`erasableSyntaxOnly`), and looking for those of others takes long.
      "@typescript-eslint/no-unsafe-enum-assignment": "off",
      "@typescript-eslint/no-unsafe-enum-comparison": "off",

      // Matters of taste that say nothing about correctness; type aliases and interfaces both have their place.
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/class-literal-property-style": "off",
      // An indexed loop over octets is what the engine compiles best.
      "@typescript-eslint/prefer-for-of": "off",
      // With `noUncheckedIndexedAccess`, its sibling would replace one explained `!` by a cast.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
    },
  },
  {
    // Octets are read by index in bounds that the loop has just checked; the compiler cannot see it, and a check or a
    // default for each octet is measurable.
    files: ["src/protocol/**/*.ts", "src/transport/**/*.ts"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
  {
    files: ["src/**/*.ts"],
    ...dependencyRule,
    rules: { "boundaries/no-unknown-files": "error" },
  },
  // The first room whose pattern matches owns a file; of configurations the last one counts.
  ...allowed.toReversed(),
  {
    files: ["src/cli/**/*.ts"],
    // Printing is what a command does.
    rules: { "no-console": "off" },
  },
  {
    files: ["tests/**/*.ts", "demos/**/*.{ts,tsx}", "fuzz/**/*.ts"],
    rules: {
      // What has private members the compiler lets nothing else stand for; the rest is looked at where it is published, since
      // looking takes long.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "no-console": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/require-await": "off",
      // The runner awaits its own tests.
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            {
              from: "package",
              package: "node:test",
              name: ["after", "afterEach", "before", "beforeEach", "describe", "it", "suite", "test"],
            },
          ],
        },
      ],
    },
  },
  {
    // Plain JavaScript, and packages whose dependencies are installed in a place of their own: nothing to take types
    // from.
    files: ["**/*.{js,mjs,cjs}", "bench/**/*.ts", "interop/**/*.ts", "examples/**/*.ts"],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { "no-console": "off", "no-undef": "off" },
  },
  {
    files: ["bench/**", "interop/**", "examples/**/*.js"],
    rules: { "no-unused-vars": ["error", { argsIgnorePattern: "^_" }] },
  },
  {
    // Nest reads the types of parameters while it runs, and knows a module by its decorator.
    files: ["examples/nest/**/*.ts"],
    languageOptions: { parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
    rules: { "@typescript-eslint/no-extraneous-class": ["error", { allowWithDecorator: true }] },
  },
  {
    files: ["examples/next/app/**", "demos/**/*.tsx"],
    languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } },
  },
);
