/** One CSV record, as RFC 4180 has it: fields between commas; a field in double quotes may hold commas, and `""` for a quote. */
export function parseCsv(text: string): string[] | undefined {
  const fields: string[] = []
  let index = 0
  for (;;) {
    let field = ''
    if (text[index] === '"') {
      index++
      for (;;) {
        const quote = text.indexOf('"', index)
        if (quote < 0) return undefined
        field += text.slice(index, quote)
        index = quote + 1
        if (text[index] !== '"') break
        field += '"'
        index++
      }
    } else {
      const comma = text.indexOf(',', index)
      field = text.slice(index, comma < 0 ? undefined : comma)
      if (field.includes('"')) return undefined
      index += field.length
    }
    fields.push(field)
    if (index === text.length) return fields
    if (text[index] !== ',') return undefined
    index++
  }
}
