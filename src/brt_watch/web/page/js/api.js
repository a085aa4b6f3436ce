// All requests to the server go through here.

export class ApiProblem extends Error {}

/** Return the JSON of an address below /api/v1; throws ApiProblem with the server's explanation. */
export async function get(path, values = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== null && value !== undefined) query.set(key, value);
  const text = query.toString();
  let response;
  try {
    response = await fetch(`/api/v1/${path}${text ? `?${text}` : ""}`, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiProblem(error.message);
  }
  if (!response.ok) throw new ApiProblem(await sentence(response));
  return response.json();
}

async function sentence(response) {
  try {
    const problem = await response.json();
    const detail = problem.detail ?? problem.title;
    return typeof detail === "string" ? detail : `HTTP ${response.status}`;
  } catch {
    return `HTTP ${response.status}`;
  }
}
