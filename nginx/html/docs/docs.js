// Makes a readable page of /api/openapi.json. Text only ever becomes text: nothing of the document
// is taken for HTML.

const methods = ["get", "post", "patch", "delete"];

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Paragraphs, lists, fenced code and `code` are all that the document's descriptions use.
function prose(text = "") {
  const blocks = [];
  let fence = null;
  for (const part of text.trim().split(/\n{2,}|(?=\n```)|(?<=```)\n/)) {
    const block = part.replace(/^\n/, "");
    if (block.startsWith("```")) {
      fence = block.replace(/^```\w*\n?/, "").replace(/\n?```$/, "");
      blocks.push(element("pre", {}, element("code", {}, fence)));
    } else if (/^[*-] /.test(block)) {
      const items = block.split(/\n(?=[*-] )/).map((item) => item.replace(/^[*-] /, ""));
      blocks.push(element("ul", {}, ...items.map((item) => element("li", {}, ...words(item)))));
    } else if (block) {
      blocks.push(element("p", {}, ...words(block)));
    }
  }
  return blocks;
}

function words(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

class Page {
  constructor(specification) {
    this.specification = specification;
  }

  resolve(thing) {
    if (!thing || !thing.$ref) return thing;
    const path = thing.$ref.replace(/^#\//, "").split("/");
    return path.reduce(
      (value, key) => value[key.replaceAll("~1", "/").replaceAll("~0", "~")],
      this.specification,
    );
  }

  operations(tag) {
    const found = [];
    for (const [path, item] of Object.entries(this.specification.paths)) {
      const wanted = (name) => methods.includes(name) && item[name].tags.includes(tag);
      for (const method of Object.keys(item).filter(wanted)) {
        found.push({ path, method, shared: item.parameters ?? [], ...item[method] });
      }
    }
    return found;
  }

  head() {
    const { title, version, description } = this.specification.info;
    document.title = title;
    const source = element("a", { href: "/api/openapi.json" }, "openapi.json");
    return [
      element("h1", {}, title),
      element("p", { class: "note" }, `Version ${version}. For programs: `, source),
      ...prose(description),
    ];
  }

  section(tag) {
    return element(
      "section",
      {},
      element("h2", { id: `tag-${tag.name}` }, tag.name),
      ...prose(tag.description),
      ...this.operations(tag.name).map((operation) => this.operation(operation)),
    );
  }

  operation(operation) {
    const link = element("a", { href: `#${operation.operationId}` });
    link.append(element("code", {}, operation.path));
    const method = element("span", { class: `method ${operation.method}` });
    method.append(operation.method.toUpperCase());
    return element(
      "article",
      { id: operation.operationId, "data-words": searchable(operation) },
      element("h3", {}, method, link),
      element("p", {}, operation.summary),
      ...prose(operation.description),
      this.access(operation),
      ...this.parameters([...operation.shared, ...(operation.parameters ?? [])]),
      ...this.requestBody(operation.requestBody),
      element("h4", {}, "Answers"),
      ...Object.entries(operation.responses).map(([status, answer]) =>
        this.answer(status, this.resolve(answer)),
      ),
    );
  }

  access(operation) {
    const security = operation.security ?? this.specification.security ?? [];
    const schemes = security.map((choice) => Object.keys(choice).join(" and "));
    const text = schemes.length ? `Needs ${schemes.join(", or ")}.` : "Open to everybody.";
    return element("p", { class: "note" }, text);
  }

  parameters(references) {
    if (!references.length) return [];
    const rows = references.map((reference) => {
      const parameter = this.resolve(reference);
      const name = element("td", {}, element("code", {}, parameter.name));
      const type = element("td", { class: "type" }, this.type(parameter.schema));
      const place = parameter.required ? `${parameter.in}, required` : parameter.in;
      const where = element("td", { class: "note" }, place);
      const text = parameter.description ?? parameter.schema.description;
      return element("tr", {}, name, type, where, element("td", {}, ...prose(text)));
    });
    return [
      element("h4", {}, "Parameters"),
      table(["Name", "Type", "Where", "Meaning"], rows),
    ];
  }

  requestBody(body) {
    if (!body) return [];
    const content = this.resolve(body).content["application/json"];
    return [element("h4", {}, "Body"), ...this.content(content)];
  }

  answer(status, answer) {
    const headers = Object.entries(answer.headers ?? {}).map(([name, header]) =>
      element("p", {}, element("code", {}, name), `: ${this.resolve(header).description}`),
    );
    const content = answer.content?.["application/json"];
    return element(
      "details",
      {},
      element("summary", {}, element("code", {}, status), " ", ...words(answer.description)),
      ...headers,
      ...(content ? this.content(content) : []),
    );
  }

  content(content) {
    const parts = [];
    if (content.example) {
      const text = JSON.stringify(content.example, null, 2);
      parts.push(element("pre", {}, element("code", {}, text)));
    }
    const rows = this.fields(this.resolve(content.schema), "", 0);
    if (rows.length) parts.push(table(["Field", "Type", "Meaning"], rows));
    return parts;
  }

  // A row a field; those of an object inside follow with its name and a dot before theirs.
  fields(schema, prefix, depth) {
    if (depth > 4) return [];
    const rows = [];
    if (schema.type === "array") {
      return this.fields(this.resolve(schema.items), `${prefix}[].`, depth);
    }
    for (const choice of schema.oneOf ?? []) {
      rows.push(...this.fields(this.resolve(choice), prefix, depth));
    }
    for (const [name, reference] of Object.entries(schema.properties ?? {})) {
      const field = this.resolve(reference);
      const isRequired = schema.required?.includes(name);
      const shown = element("code", {}, prefix + name);
      const meaning = element("td", {}, ...prose(reference.description ?? field.description));
      const type = element("td", { class: "type" }, this.type(field));
      if (!isRequired) type.append(", optional");
      rows.push(element("tr", {}, element("td", {}, shown), type, meaning));
      const isList = [field.type].flat().includes("array");
      const inner = this.resolve(isList ? field.items : field);
      rows.push(...this.fields(inner ?? {}, `${prefix}${name}${isList ? "[]" : ""}.`, depth + 1));
    }
    return rows;
  }

  type(reference) {
    const schema = this.resolve(reference) ?? {};
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (schema.oneOf) return schema.oneOf.map((choice) => this.type(choice)).join(" | ");
    const type = [schema.type ?? "any"].flat().join(" | ");
    return schema.format ? `${type} (${schema.format})` : type;
  }

  index() {
    return this.specification.tags.flatMap((tag) => [
      element("h2", {}, element("a", { href: `#tag-${tag.name}` }, tag.name)),
      element("ul", {}, ...this.operations(tag.name).map((operation) => entry(operation))),
    ]);
  }
}

function entry(operation) {
  const method = element("span", { class: `method ${operation.method}` });
  method.append(operation.method.toUpperCase());
  const link = element("a", { href: `#${operation.operationId}` }, method, operation.path);
  return element("li", { "data-words": searchable(operation) }, link);
}

function searchable(operation) {
  return `${operation.method} ${operation.path} ${operation.summary}`.toLowerCase();
}

function table(names, rows) {
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

function filter(text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const found of document.querySelectorAll("[data-words]")) {
    found.hidden = !wanted.every((word) => found.dataset.words.includes(word));
  }
}

async function start() {
  const main = document.getElementById("content");
  const state = document.getElementById("state");
  try {
    const answer = await fetch("/api/openapi.json");
    if (!answer.ok) throw new Error(`the exchange answers ${answer.status}`);
    const page = new Page(await answer.json());
    main.append(...page.head(), ...page.specification.tags.map((tag) => page.section(tag)));
    document.getElementById("index").append(...page.index());
    state.remove();
  } catch (problem) {
    state.classList.add("failed");
    state.textContent = `The description of the API cannot be shown: ${problem.message}`;
  }
  main.removeAttribute("aria-busy");
  const search = document.getElementById("filter");
  search.addEventListener("input", () => filter(search.value));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

start();
