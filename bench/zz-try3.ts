import { HiddenWorld } from '../test/unit/limits/learned/hidden-world.ts';
const p=(t:any)=>`acc ${t.accepted} rej ${t.rejected}(${(100*t.rejected/Math.max(1,t.sent)).toFixed(2)}%) ref ${t.refused}`;
for (const kind of ['fixed','sliding','leaky'] as const) {
  for (const [name, hidden, minutes] of [
   ['30/min', [{value:30,unit:'MINUTE'}], 10], ['600/min', [{value:600,unit:'MINUTE'}],10], ['20/s+600/min', [{value:20,unit:'SECOND'},{value:600,unit:'MINUTE'}],10],
   ['1000/h', [{value:1000,unit:'HOUR'}], 130], ['2/s', [{value:2,unit:'SECOND'}],10], ['200/s', [{value:200,unit:'SECOND'}],3]] as any) {
   const w = new HiddenWorld({ kind, hidden, slowestMs:30, maxWaitMs: 30000 });
   w.start(50);
   const a = await w.run(60000); const fa=w.found.join();
   const b = await w.run((minutes-1)*60000);
   console.log(kind, name, '| 1st', p(a), fa, '| rest', p(b), w.found.join());
  }
  const w = new HiddenWorld({ kind, hidden:[{value:10,unit:'MINUTE',method:'POST'}], slowestMs:30, maxWaitMs: 30000 });
  w.start(20,'GET',()=>1000); w.start(5,'POST',()=>2000);
  const a = await w.run(60000); const fa=w.found.join(); const b = await w.run(540000);
  console.log(kind,'POST 10/min', p(a), fa, p(b), w.found.join());
}
