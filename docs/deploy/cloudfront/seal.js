// CloudFront Function, runtime 2.0, for viewer requests of the behaviour /c/* (restricted by a trusted key group).
// Takes /c/<group>/<seal>/<object key> to /<object key>, if the seal belongs to this group and object.
// The key-value store of the function holds `seal`: what `gatekeeper seal-key` prints.
import crypto from 'crypto';
import cf from 'cloudfront';

const FORM = /^\/c\/([A-Za-z0-9._~%-]{1,300})\/([0-9a-f]{32})\/(private\/[0-9a-f]{40})$/;

async function handler(event) {
  const request = event.request;
  const parts = FORM.exec(request.uri);
  if (parts === null) return refused;
  const key = Buffer.from(await cf.kvs().get('seal'), 'hex');
  const message = 'lyceum course object v1\n' + parts[1] + '\n' + parts[3];
  const right = crypto.createHmac('sha256', key).update(message).digest('hex').slice(0, 32);
  if (right !== parts[2]) return refused;
  request.uri = '/' + parts[3];
  request.querystring = {};
  return request;
}

const refused = {
  statusCode: 403,
  statusDescription: 'Forbidden',
  headers: { 'cache-control': { value: 'no-store' } },
};
