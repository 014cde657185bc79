import { STATE_NEW, squash, stateOf } from "./adaptive-bits.js";
import { CONTEXTS } from "./contexts.js";

/**
 * What the states are before the tables of a picture teach them: learned from some sixty screenshots, plots, diagrams and
 * pictures of games. One sign a context: its place in SIGNS, less 32, is the logarithm of the odds of a 1 in thirds. A dot and two signs
 * stand for as many contexts that were hardly met as the two tell in base 64.
 */
function startStates(): Int32Array {
  const states = new Int32Array(CONTEXTS).fill(STATE_NEW);
  let context = 0;
  for (let at = 0; at < PRIOR.length; at += 1) {
    if (PRIOR[at] === ".") {
      context += 64 * digitAt(at + 1) + digitAt(at + 2);
      at += 2;
    } else {
      states[context] = stateOf(squash(LOGIT_STEP * (digitAt(at) - 32)) << 6, MET);
      context += 1;
    }
  }
  return states;
}

const digitAt = (at: number): number => SIGNS.indexOf(PRIOR[at] as string);

const SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** A third, in 1/256. */
const LOGIT_STEP = 85;

/** Ours: as if met so often, so that a picture soon has its way. */
const MET = 5;

const PRIOR = [
  "kplolnqsk.ABj.ABk.ABoqlokqkmoqnsnmooomlnlrflqsjpoqgontlqlnkmnrrwstosx0k.ABj.ABnspvi.ABj.ABkknqlo",
  "konuqsntnmstssmrmnqtrtlloxoqsvqtmqnuqtqsrvrsy2f.ACh.AEg.ABeihf.ABjgi.ABkiiip.ARe.ABc.ABaba.AMk.A",
  "Co.AEi.ABgl.AKhd.AUj.ACh.AIfh.ABj.ANd.ABb.AYf.ACi.AHl.AXi.AHl.ADj.ADh.ADn.AQj.ADi.AQl.AHm.AKn.AZ",
  "k.ALh.ANg.Ach.AGo.AXf.ACe.AEe.ABgegg.ABhdh.ABhffgj.ARt.ABm.ABjlj.AMk.ACk.AEf.ABhh.AKig.AUf.ACf.A",
  "Ifg.ABk.ANh.ABh.AYg.ACg.AHo.AXg.AHg.ADj.ADf.ADi.AQm.ADp.AQo.AHh.AKm.AZi.ALh.ANi.Aci.AGw.AXh.ACe.",
  "AEe.ABffef.ABhck.ABhgihm.ARo.ABf.ABefd.AMq.ACq.AEi.ABlq.AKih.AUi.ACf.AIee.ABh.ANg.ABb.AYh.ACm.AH",
  "p.AXf.AHf.ADe.ADe.ADj.AQk.ADh.AQr.AHp.AKn.AZk.ALk.ANi.Ack.AGt.AXn.ACe.AEj.ABheii.ABg.ABi.ABgefhi",
  ".ARu.ABl.ABkkk.AMl.ACt.AEi.ABjn.AKmn.AUm.ACf.AIgh.ABg.ANj.ABd.AYi.ACi.AHp.AXl.AHf.ADg.ADe.ADf.AQ",
  "o.ADm.AQq.AHm.AKn.AZk.ALi.ANj.Aci.Aeb.ACd.AEe.ABbdbb.ABdcc.ABbebbe.ARd.ABd.ABZca.AMg.ACb.AEb.ABZ",
  "Z.AKhd.AUg.ACe.AJg.ABg.ANh.ABa.AYh.ACc.AHi.AXe.AHd.ADf.ADf.ADf.AQj.ADf.AQi.AHd.AKi.AZh.ALg.ANg.A",
  "cc.AGj.AXi.ACd.AEe.AEc.ADf.ADe.ATk.ABg.ABdfd.AMj.ACf.AEb.ABdc.AKif.AUi.AMf.APi.ABc.AYg.ACd.AHk.A",
  "Xk.AHd.Acl.ADf.AQk.AHe.AKi.AZl.AZk.Ace.AGl.AXh.ACe.AJf.ABa.ABd.AXi.ABe.ABeeb.AMn.ACk.AEf.ABeh.AK",
  "kg.AUd.ACd.AJf.APh.ABc.AYj.ACe.AHj.AXi.AHe.ADe.ADd.AUj.ADf.AQl.AHi.AKl.AZg.ALg.ANj.Acd.AGl.AXi.A",
  "oo.ABg.ABgfd.AMn.ACi.AEe.ABfi.AKlh.AUe.Acj.ABb.AYj.ACa.AHi.AXl.AHd.Acm.ADf.AQq.AHg.AKn.AZk.AZn.A",
  "cf.Aea.ACa.AEd.ABcZcd.ABXec.ABXbZZY.ARc.ABg.ABcea.AMd.ACa.AEc.ABca.AKhe.AUc.ACa.AIZY.ABY.ANg.ABb",
  ".AYf.ACd.AHj.AXd.AHf.ADW.ADZ.ADb.AQj.ADg.AQh.AHe.AKk.AZf.ALc.ANh.Acc.AGj.AXa.ACa.AEb.ABdXaa.ABUc",
  "V.ABYYVZW.ARh.ABi.ABdgc.AMg.ACf.AEd.ABec.AKhf.AUf.ACb.AIcc.ABZ.ANg.ABc.AYg.ACe.AHj.AXg.AHe.ADa.A",
  "Dd.ADZ.AQl.ADe.AQi.AHf.AKh.AZi.ALe.ANh.Ace.AGk.AXb.ACb.AEa.ABcXYb.ABVaX.ABXXYZX.ARk.ASi.ACh.AEd.",
  "ABed.ALi.AUd.ACZ.AIbd.ABX.ANj.Aah.ACf.AHj.AXh.AHe.ADZ.ADc.ADX.AQk.AUj.AHf.AKk.AZg.ALe.ANj.Acb.AG",
  "i.AXh.ACe.AEc.ABeZfe.ABade.ABbbYca.Akj.ACg.AEf.ABge.ALk.AUd.ACZ.AIcd.ABU.ANj.ABd.AYg.ACd.AHh.AXi",
  ".AHd.ADe.ADf.ADW.AQk.ADd.AQj.AHf.AKj.AZi.ALf.ANi.AcZ.AeccYc.ABcae.ABhdef.ADi.ADj.ADn.AEcZ.ACcbZ.",
  "ABhfb.ABe.ADg.ADh.ADi.ADjh.AChgb.ABlhg.ABk.ADl.ADl.ADm.ACm.ADe.ACbg.ACbk.ACdl.ADl.ADo.ADo.ADh.AC",
  "dh.ACfj.ADn.ADl.ADo.ADr.ADi.ACej.ACgj.ADk.ADo.ADo.ADr.ADk.ACek.ACjl.ADm.ADm.ADq.AEdZ.ACaY.ACidX.",
  "ABd.ADd.ADf.ADf.ADZX.ACZXY.ABfcY.ABbd.ACcf.ACdf.ACcf.AGgeY.ABlge.ABli.ACmk.ACm.ADkk.ACd.ADb.ABX.",
  "ABg.ABY.ABh.ABZ.ABi.ADk.ADk.AHd.ABb.ABk.ABb.ABk.ADj.ADj.ADk.AHf.ADm.ABc.ABk.ADj.ADh.ADm.AHc.ADl.",
  "ABe.ABl.ADl.ADn.ADk.AHjiZ.ABnj.ACk.ALn.AHhga.ABmjg.ABji.AKj.AEk.AClia.ABrhe.ABrm.ACp.ADq.ADoo.AG",
  "i.ABe.ABq.ABf.ABp.ADq.ADt.ADq.AHj.ABe.ABq.ABi.ABq.ADo.ADu.ADr.AHj.ADr.ADq.ADn.ADs.ADq.AHi.ADr.AB",
  "k.ABq.ADp.ADt.ADs.ACp.ADl.ACbo.ACbt.ADt.ADs.ADu.ADf.ADe.ACfh.ACgi.ADj.ADl.ADm.ADj.ADg.ACbf.ACgi.",
  "ADi.ADj.ADj.ADs.ADl.ACbk.ACbp.ACcn.ADo.ADs.ADt.ADm.ACfk.ACgn.ADq.ADm.ADp.ADu.ADo.AChl.ACio.ADn.A",
  "Dr.ADq.ADv.ADp.ACkn.ACmn.ADo.ADp.ADs.ADu.ADo.ADr.ADr.ADw.ADw.ADw.AHh.ACij.ADj.ALk.ADn.ADk.ACei.A",
  "Cjj.ADj.ADl.ADk.ADv.ADl.ACgj.ACim.ADo.ADq.ADq.ADv.ADo.ACem.ACfp.ACbs.ADq.ADs.ADw.ADo.ADl.ACko.AD",
  "p.ADs.ADo.ADw.ADo.ACin.ACmp.ADp.ADo.ADr.ADt.ADo.ADq.ADr.ADt.ADy.ADx.AHi.ACki.ADk.ATl.AChj.ADl.AD",
  "i.ADm.ADn.ADs.ADm.ADk.ACko.ADn.ADs.ADs.ADr.ADn.ADl.ACjn.ADo.ADq.ADs.ADy.ADo.ACeo.AChs.ADr.ADv.AD",
  "s.ADv.ADp.ACho.ACnr.ADq.ADr.ADr.ADy.ADr.ADt.ADw.ADr.ADu.ADz.AHi.ACpl.ACjj.ALl.ADp.ADo.AClm.ACno.",
  "ADn.ADp.ADn.ADu.ADp.ACmo.AClp.ADo.ADr.ADt.ADv.ADq.ACio.ACnr.ADp.ADn.ADs.ADt.ADp.ADp.ACnq.ADo.ADp",
  ".ADr.ADz.ADs.ACkq.ACrs.ACms.ADs.ADx.ACfeee.ABbcW.ABiYV.AFWgW.ABccY.ABfcY.AFcbW.ABfdZ.ABicY.AVXXZ",
  ".ABdcY.ABfZW.AFadZ.ABeeb.ABgeb.AFdca.ABfec.ABifc.AVbaX.ABeeY.ABicX.AFcgZ.ABjeadieZ.AFheZ.ABkea.A",
  "Bndbd.BUXXY.ABabX.ABfbY.AFZcZ.ABceb.ABefa.ABig.ACZeX.ABhea.ABhea.ABilb.ABe.ABX.ABg.ADicY.ABh.ADY",
  "Ya.ABaaX.ABeca.AFbcb.ABffdfhgdeijg.ABcdb.ABggdhiiefijghedZ.ABgj.AChk.AChj.ACbaa.ABcaX.ABhda.AFcd",
  "b.ABggefjheckjigeea.ABjhdjmidemjfgfec.ABhj.ACii.ACgm.ABf.AQcgb.ABkkefljde.AEdhb.ABnjdhnkef.AEefa",
  ".ABimf.ABklgf.ADfXVX.ABebX.ABgbV.AFZcZ.ABeeb.ABehZ.ABjhc.ABabV.ABhea.ABkfX.ABmgY.ABZZV.ABfec.ABk",
  "cb.ABheb.ABYXa.ABdda.ABcZV.AFccb.ABfgehigcgkjggddb.ABhheglhcgljegdcd.ABiif.ABljegikggcZZ.ABfda.A",
  "BgaX.AFddb.ABhhegkicfnkggecY.ABkhcgthchrjdfeec.ABkiejnieglkhf.AQefb.ABijfgmjdh.AEffb.ABljdhuidi.",
  "ADheeb.ABmjfdojef.ADeURV.ABbZX.ABbYU.AFYVV.ABccZ.ABfcZ.ABidX.ABXdW.ABgdY.ABibX.ABlcV.ABXUR.ABhbZ",
  ".ABkcb.ABibX.ABbXa.ABfeb.ABgbY.AFcbc.ABhie.ABjje.ABijegdea.ABhif.ABjhchnichdbY.ABjie.ABljc.ABjjd",
  "ghaa.ABidb.ABoeb.AFfcb.ABjie.ABmje.ABklgefcZ.ABjiddohbetigeedZ.ABjkd.ABogegnhee.Agf.ADkl.ACll.AB",
  "l.ADidaY.ABihceqfcf.ADc.Asf.ABa.Alf.ABa.AFe.ABa.ABhgjghggeh.AHqponlkhgd.AMg.AHggg.AFggggggg.ABgg",
  "ggggg.ABggggggg.ABggggggg.ABggggggf.ABfffggfg.ABdfbffeR.AQijkmlkjhU.AKfffgfgV.AKfgfggV.AIihefjki",
  "hR.AKceefeg.ALfgggg.AJigeeijiiS.AKcdgffg.ALfgfhg.AJjgfefjihU.AKddefeg.ALefffg.AJkhhfehjhT.AKeddf",
  "fg.ALfefgg.AJmhjgfgigT.AKfddffg.ALeefgg.AJnhkigfggO.AKfeedeg.ALffegg.AJogmkihffR.AKfffeef.ALgfff",
  "f.AJpgnmkigeS.AKffffef.ALfffff.AJpgonmkifO.AKffgffe.ALfgggf.AJqgponmkhR.AKffffgfS.AKgggggS.AIsgq",
  "qpnkiR.AKgfggggS.AKgggggS.AIegaiZ.AObU.APr.ANggaX.APa.AehfbXc.AOac.APc.ANigeXY.AObZ.APc.ANhfgcUf",
  ".ANfY.APb.ANgfgeZbd.AMedbd.ANfcg.ALffhfeadf.ALedbc.ANffe.ALgfiggebZ.ALeffcZ.AMfgde.AKggjihgcZX.A",
  "Keefecd.ALffgee.AJhgkjjhgbU.AKffffde.ALfffff.AJhgklkjheP.AKfffffc.ALggfff.AJfglmmkieO.AKefgffd.A",
  "Lggggf.AJehcigd.ANhhc.AOig.AMigab.APb.Aeffaad.AOb.AehgcekgR.AMbfdT.ANeee.ALhgebejU.AMcaea.ANded.",
  "ALhggcagb.AMebcb.ANdee.ALgfhebdeY.ALfcbec.AMedfd.AKgfigdebY.ALfdddc.AMfege.AKggjhffcY.ALfeeee.AM",
  "fffe.AKggjjhfeZV.AKffeecc.ALfffed.AJggkkkhebP.AKeffedb.ALggfed.AJfgllmkheP.AKffgffd.ALgggfe.AJVa",
  "ookjhf.AMgfe.ANffe.ALmYi.AvNfgk.AuOefjl.AtQeejkj.AsTdgkjiif.ALgffhh.AMggef.AKUgghhjg.AMee.APf.AN",
  "Vgihhhe.AMifgh.ANgff.ALVfjiijhfZ.AKfeedgf.ALgfffe.AJWfmljiigX.AKfgfeff.ALghged.AJYgnmlkihY.AKffg",
  "fggX.AKfgffgX.AIagopnmkhX.AKfgfgfgV.AKhggghV.DQ",
].join("");

/** What no picture has taught yet. */
export const UNTAUGHT = startStates();
