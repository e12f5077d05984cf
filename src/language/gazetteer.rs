#[derive(Debug,Clone,Copy,PartialEq,Eq)] pub enum Level{Region,District,Locality}
#[derive(Debug,Clone,Copy,PartialEq,Eq)] pub struct NameId(pub u32);
#[derive(Debug,Clone,Copy,PartialEq,Eq)] pub struct UnitId(pub u32);
#[derive(Debug)] pub struct Unit{pub name:String,pub kind:String,pub level:Level}
#[derive(Debug)] pub struct NameIndex; #[derive(Debug)] pub struct Match{pub name:NameId,pub similarity:f32}
impl NameIndex{pub fn best(&self,_:&[&str])->Option<(&str,f32)>{None}}
#[derive(Debug)] pub struct Gazetteer{i:NameIndex,u:Unit}
impl Gazetteer{pub fn from_bytes(_:&[u8])->Result<Gazetteer,String>{Err(String::new())} pub fn matches(&self,_:&[&str])->Vec<Match>{vec![]} pub fn units(&self,_:NameId,_:&str)->impl Iterator<Item=UnitId>+use<>{[].into_iter()} pub fn unit(&self,_:UnitId)->&Unit{&self.u} pub fn is_within(&self,_:UnitId,_:UnitId)->bool{false} pub fn streets(&self)->&NameIndex{&self.i} pub fn given_names(&self)->&NameIndex{&self.i} pub fn family_names(&self)->&NameIndex{&self.i} pub fn middle_names(&self)->&NameIndex{&self.i}}
pub fn spelling(t:&str)->String{t.to_string()}
