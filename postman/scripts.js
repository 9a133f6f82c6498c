// What runs before every request and, below the line, after every answer. postman/make.py puts it into the collection.
// A global, for the scripts of single requests. Each script has a `pm` of its own, and only what is set in that one counts.
halls = (pm) => {
  const get = (name) => pm.variables.get(name);
  const set = (name, value) => pm.collectionVariables.set(name, value);
  // Into the environment if it has the name, as the specification tells users to.
  const offer = (name, value) => (pm.environment.has(name) ? pm.environment : pm.collectionVariables).set(name, value);
  const guid = () => pm.variables.replaceIn('{{$guid}}');
  // Who calls: without a token kept for that person, jwt stays what it is.
  const become = (who) => { if (get(`${who}_jwt`)) offer('jwt', get(`${who}_jwt`)); };
  return { get, set, guid, become };
};
// Dates count from today in Karachi (UTC+5 all year). They are kept until the first of them has come, so that a date does
// not change in the middle of a run.
{
  const { set } = halls(pm);
  const day = (offset) => new Date(Date.now() + (offset * 24 + 5) * 3600 * 1000).toISOString().slice(0, 10);
  if (!(pm.collectionVariables.get('event_date') > day(1))) {
    ['event_date', 'next_date', 'closed_date'].forEach((name, index) => set(name, day(30 + index)));
  }
  set('past_date', day(-1));
}
// === after
halls = (pm) => {
  const get = (name) => pm.variables.get(name);
  const set = (name, value) => pm.collectionVariables.set(name, value);
  const offer = (name, value) => (pm.environment.has(name) ? pm.environment : pm.collectionVariables).set(name, value);
  const read = () => { try { return pm.response.json() || {}; } catch { return {}; } };
  const answer = read();
  // Stores the token of a login or sign-up, and the ids of created records.
  const keep = (who) => {
    if (!answer.ok) return;
    const { token, venue_id, booking_id } = answer.data;
    if (token) offer('jwt', token);
    if (token && who) set(`${who}_jwt`, token);
    if (pm.response.code === 201 && venue_id) offer('venue_id', venue_id);
    if (pm.response.code === 201 && booking_id) offer('booking_id', booking_id);
  };
  return { get, set, keep, answer };
};
// Holds for every answer; what a single request must give stands in its own test.
{
  const { expect } = pm;
  const { answer, keep } = halls(pm);
  const path = `/${pm.request.url.path.join('/')}`;
  const matches = (route) => {
    const [method, template] = route.split(' ');
    const pattern = template.replace(/\{\w+_id\}/g, '[^/]*').replace(/\{\w+\}/g, '.*');
    return method === pm.request.method && new RegExp(`^${pattern}$`).test(path);
  };
  // /venues/mine before /venues/{venue_id}: the route with the fewest braces.
  const [route] = Object.keys(ANSWERS).filter(matches).sort((a, b) => a.split('{').length - b.split('{').length);
  pm.test('is an answer that the OpenAPI document names', () => {
    expect(ANSWERS[route], path).to.have.property(String(pm.response.code));
    const schema = ANSWERS[route][pm.response.code];
    if (schema) expect(answer).to.be.jsonSchema({ ...schema, components: COMPONENTS }, { unknownFormats: 'ignore' });
  });
  pm.test('never shows a password hash', () => expect(pm.response.text()).to.not.include('password_hash'));
  pm.test('has its headers', () => {
    const header = (name) => pm.response.headers.get(name);
    expect(header('X-Request-ID')).to.match(/^[A-Za-z0-9._-]{1,64}$/);
    expect(header('X-Content-Type-Options')).to.eql('nosniff');
    if (pm.request.headers.has('Authorization')) expect(header('Cache-Control')).to.include('no-store');
    if (pm.response.code === 401) expect(header('WWW-Authenticate')).to.match(/^Bearer/);
  });
  // Whose token it is, the story tells.
  keep('');
}
